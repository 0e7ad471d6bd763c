# SPDX-License-Identifier: Apache-2.0
"""A small service: appends a reading to its data every second, and tells how many there are."""
import os
import pathlib
import time

readings = pathlib.Path(os.environ["HIVECAST_APP_DATA"]) / "readings"
while True:
    with readings.open("a") as f:
        f.write(f"{time.time():.0f} {os.getloadavg()[0]}\n")
    print(len(readings.read_text().splitlines()), "readings", flush=True)
    time.sleep(1)
