"""The other clients, each as one process: coscmd as it is, and the Python SDK with a pool of threads.

The names of buckets lead to the loopback interface here, whatever the machine's resolver knows.
"""

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 8
resolve = socket.getaddrinfo


def at_home(host, *rest, **named):
    return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)


socket.getaddrinfo = at_home


def coscmd(arguments):
    from coscmd.cos_cmd import _main

    sys.argv = ["coscmd", *arguments]
    sys.exit(_main())


def sdk(direction, bucket, local, remote, port):
    import logging

    from qcloud_cos import CosConfig, CosS3Client

    logging.getLogger("qcloud_cos").setLevel(logging.ERROR)
    config = CosConfig(
        Region="ap-guangzhou",
        SecretId=os.environ["DAYPASS_SECRET_ID"],
        SecretKey=os.environ["DAYPASS_SECRET_KEY"],
        Scheme="http",
        Endpoint=f"localhost:{port}",
        PoolConnections=THREADS,
        PoolMaxSize=THREADS,
    )
    client = CosS3Client(config)
    local = Path(local)
    if direction == "up-file":
        client.upload_file(bucket, remote, str(local), PartSize=16, MAXThread=THREADS)
    elif direction == "down-file":
        client.download_file(bucket, remote, str(local), PartSize=16, MAXThread=THREADS)
    elif direction == "up-folder":

        def put(path):
            with open(path, "rb") as file:
                client.put_object(bucket, file, f"{remote}/{path.name}", EnableMD5=False)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(put, sorted(local.iterdir())))
    else:
        local.mkdir(parents=True)

        def get(key):
            answer = client.get_object(bucket, key)
            answer["Body"].get_stream_to_file(str(local / Path(key).name))

        with ThreadPoolExecutor(THREADS) as pool:
            marker, done = "", []
            while True:
                page = client.list_objects(bucket, Prefix=f"{remote}/", Marker=marker)
                done += [pool.submit(get, entry["Key"]) for entry in page.get("Contents", [])]
                if page["IsTruncated"] == "false":
                    break
                marker = page["NextMarker"]
            for one in done:
                one.result()


if __name__ == "__main__":
    if sys.argv[1] == "coscmd":
        coscmd(sys.argv[2:])
    else:
        sdk(*sys.argv[2:])
