"""ministack, a stand-in for AWS, on 127.0.0.1, until standard input ends: so it never outlives the test.

With CLOCK_FILE its time is the number in that file, which a test writes.
"""

import os
import threading
import time

clock = os.environ.get("CLOCK_FILE")
if clock:

    def now():
        with open(clock, encoding="ascii") as file:
            return float(file.read())

    time.time = now


def watch():
    while os.read(0, 1):
        pass
    os._exit(0)


threading.Thread(target=watch, daemon=True).start()

from ministack.app import main  # noqa: E402: only now, as it must see the clock

main()
