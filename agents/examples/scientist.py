#!/usr/bin/env python3
"""A scientist in Python: finds the primes of leased ranges and claims the bounty on them.

It speaks the line protocol of a process cell (api/src/channel.rs) and needs nothing but the standard library. As an
agent of a node it is an ordinary command: `python3 scientist.py`.
"""

import os
import socket
import sys
import time

# From api/src/abi.rs.
OK, BUSY = 0, -1
RANGE_ORIGIN, RANGE_WIDTH = 1_000_000_000, 1_024

# The node's end of this socket was left open for us; its number is in the environment.
if "MAXWELL_CHANNEL_FD" not in os.environ:
    sys.exit("scientist.py: MAXWELL_CHANNEL_FD is not set; start me in a cell of a node")
channel = socket.socket(fileno=int(os.environ["MAXWELL_CHANNEL_FD"])).makefile("rw", newline="\n")


def ask(request):
    """One line there, one number back. When the node is gone there is nothing left to do."""
    channel.write(request + "\n")
    channel.flush()
    answer = channel.readline()
    if not answer:
        sys.exit(0)
    return int(answer)


def ask_patiently(request):
    """Asks again in a later quantum when the node is busy; asking at once would only be refused again."""
    while (answer := ask(request)) == BUSY:
        time.sleep(0.01)
    return answer


def primes_of(number):
    """The primes of one range, by a sieve with all numbers up to the root."""
    first = RANGE_ORIGIN + number * RANGE_WIDTH
    is_prime = bytearray([1]) * RANGE_WIDTH
    divisor = 2
    while divisor * divisor < first + RANGE_WIDTH:
        for index in range(-first % divisor, RANGE_WIDTH, divisor):
            is_prime[index] = 0
        divisor += 1
    return [first + index for index in range(RANGE_WIDTH) if is_prime[index]]


found = 0
# A notice is also a SIGTERM, which ends a Python program at once: that is an end in order, and nothing is lost but the
# range at hand. Asking as well lets this one say a last word if it looks before the signal comes.
while ask("notice") == 0:
    leased = ask_patiently("lease")
    if leased < 0:
        break  # the bounty is closed
    primes = primes_of(leased)
    if ask_patiently(f"claim {leased} {len(primes)} {sum(primes)}") == OK:
        found += len(primes)
ask(f"log primes {found}")
