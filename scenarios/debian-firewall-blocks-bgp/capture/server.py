"""A stand-in for a listening process: server.py NAME tcp:PORT udp:PORT …

TCP answers each received segment with one segment, UDP sends back what it got.
"""

import ctypes
import socket
import sys
import threading


def answer(connection):
    with connection:
        while data := connection.recv(2048):
            connection.sendall(b"ok " + data)


def tcp(port):
    listener = socket.create_server(("0.0.0.0", port), backlog=128)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def udp(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # bound to all addresses, the answer must leave from the address that was asked
    listener.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    listener.bind(("0.0.0.0", port))
    while True:
        data, ancillary, _, peer = listener.recvmsg(2048, 256)
        listener.sendmsg([data], ancillary, 0, peer)


ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)  # PR_SET_NAME, the name that `ss -p` shows
threads = [threading.Thread(target={"tcp": tcp, "udp": udp}[kind], args=(int(port),))
           for kind, port in (listen.split(":") for listen in sys.argv[2:])]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
