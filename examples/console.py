"""A screen of one's own in 30 lines: the queues, then every fact as it comes. After a lost connection it goes on where
it was, and has missed nothing. Needs `websockets`; `callfloor api-key` makes the key.

    CALLFLOOR_KEY=callfloor_… python examples/console.py http://127.0.0.1:8080
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

FOR_GOOD = (4001, 4401)  # another screen took over; the key is not known (any more)


async def watch(url: str, key: str) -> None:
    headers, epoch, seq = {"Authorization": f"Bearer {key}"}, "", -1
    while True:
        since = f"?epoch={epoch}&seq={seq}" if epoch else ""
        try:
            async with connect(f"{url.replace('http', 'ws', 1)}/ws{since}", additional_headers=headers) as socket:
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "snapshot":  # how it all stands at line `seq`; replaces what was before
                        epoch, seq = message["epoch"], message["seq"]
                        waiting = {queue["queue"]: queue["waiting"] for queue in message["queues"]}
                        print("snapshot", seq, json.dumps(waiting), flush=True)
                    elif message["type"] == "facts":  # all of the lines `from`..`to` that this viewer may see
                        seq = message["to"]
                        for item in message["facts"]:
                            print(item["seq"], json.dumps(item["fact"]), flush=True)
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code in FOR_GOOD:
                sys.exit(f"closed: {closed.rcvd.reason}")
        except OSError as error:
            print(f"not reached: {error}", file=sys.stderr)
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], os.environ["CALLFLOOR_KEY"]))
