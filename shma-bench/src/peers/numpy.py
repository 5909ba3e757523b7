import sys
from multiprocessing import Lock, shared_memory

import numpy

name, size = sys.argv[1], int(sys.argv[2])
memory = shared_memory.SharedMemory(name=name, create=True, size=size)
lock = Lock()
value = numpy.ndarray((size // 8,), dtype=numpy.float64, buffer=memory.buf)
value[:] = 0.0
own = numpy.zeros_like(value)
step = numpy.ones_like(value)


def done():
    sys.stdout.buffer.write(b"done\n")
    sys.stdout.buffer.flush()


done()
for line in iter(sys.stdin.buffer.readline, b""):
    order, times = line.decode().split()
    times = range(int(times))
    if order == "read":
        for _ in times:
            with lock:
                numpy.copyto(own, value)
    elif order == "write":
        for _ in times:
            with lock:
                numpy.copyto(value, own)
    elif order == "update":
        for _ in times:
            with lock:
                value *= 0.5
                value += 0.5 * step
    elif order == "fetch":
        sys.stdout.buffer.write(own.tobytes())
    elif order == "hand":
        own[:] = numpy.frombuffer(sys.stdin.buffer.read(size), dtype=numpy.float64)
    elif order == "end":
        break
    done()
del value
memory.close()
memory.unlink()
