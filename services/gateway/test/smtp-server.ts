import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** As much of RFC 5321 as a mail needs. `refuse`: answers RCPT with an error that names the address, as servers do. */
export async function startSmtpServer() {
  const mails: { to: string; text: string }[] = [];
  const sockets = new Set<Socket>();
  const smtp = { refuse: false, refused: 0 };

  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    const say = (line: string) => socket.write(`${line}\r\n`);
    let to = '';
    let data: string[] | undefined;
    say('220 test');
    createInterface({ input: socket }).on('line', (line) => {
      if (data !== undefined) {
        if (line !== '.') return data.push(line);
        mails.push({ to, text: data.join('\n').replaceAll('=\n', '') });
        data = undefined;
        return say('250 taken');
      }
      if (/^RCPT/i.test(line)) {
        to = /<(.+?)>/.exec(line)?.[1] ?? '';
        if (!smtp.refuse) return say('250 ok');
        smtp.refused += 1;
        return say(`550 5.1.1 <${to}> is unknown here`);
      }
      if (/^DATA/i.test(line)) {
        data = [];
        return say('354 go on');
      }
      return say(/^QUIT/i.test(line) ? '221 bye' : '250 ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return Object.assign(smtp, {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
