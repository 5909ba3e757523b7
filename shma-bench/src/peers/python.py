import sys

import numpy

size = int(sys.argv[2])
own = numpy.zeros(size // 8)
step = numpy.ones_like(own)
calls = begin(sys.argv[1], own, step)


def done():
    sys.stdout.buffer.write(b"done\n")
    sys.stdout.buffer.flush()


done()
for line in iter(sys.stdin.buffer.readline, b""):
    order, times = line.decode().split()
    if order == "fetch":
        sys.stdout.buffer.write(own.tobytes())
    elif order == "hand":
        own[:] = numpy.frombuffer(sys.stdin.buffer.read(size), dtype=numpy.float64)
    elif order == "end":
        break
    else:
        call = calls[order]
        for _ in range(int(times)):
            call()
    done()
end()
