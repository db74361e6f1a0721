type Role = 'user' | 'support' | 'admin';

export interface User {
  id: string;
  /** Trimmed and in lower case: one person's spellings are one user. */
  email: string;
  passwordHash: string;
  role: Role;
  createdAt: Date;
}
