type Role = 'user' | 'support' | 'admin';

export interface User {
  id: string;
  /** In the form of `emailForm`: one person's spellings are one user. */
  email: string;
  passwordHash: string;
  role: Role;
  createdAt: Date;
}
