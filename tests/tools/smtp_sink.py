"""An SMTP server on a free loopback port that keeps each message as a file.

Usage: smtp_sink.py FOLDER. Writes the port to FOLDER/port once it listens, and message N to FOLDER/N.eml.
"""

import asyncio
import os
import pathlib
import sys

from aiosmtpd.smtp import SMTP

folder = pathlib.Path(sys.argv[1])


class Keeper:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        Keeper.count += 1
        target = folder / f"{Keeper.count:04}.eml"
        partial = target.with_suffix(".part")
        head = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        partial.write_bytes(head + envelope.content)
        os.rename(partial, target)
        return "250 kept"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keeper()), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    partial = folder / "port.part"
    partial.write_text(str(port))
    os.rename(partial, folder / "port")
    await server.serve_forever()


asyncio.run(main())
