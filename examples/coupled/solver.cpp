// The lower half of a plate, in C++. The upper half is solved by a process in Rust: examples/src/bin/coupled.
//
// Around the rows of a half at step s lie its outermost rows of step s - 1, and each row begins with the number of its
// step. So the row beside the other half is there as long as that half may need it, and a solver that is killed is
// started again and goes on from what it last published.
#include <shma.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <csignal>
#include <sys/prctl.h>

constexpr std::size_t WIDTH = 65, ROWS = 34;
constexpr double RATIO = 0.2;

using row = double[WIDTH];
using half = row[ROWS];

// Waits until the other half has published its first row of this step, and copies it.
static void row_beside(const shma::field<half> &other, double step, row &into)
{
    row rows[2]; // of the step before and of the step, in one publication
    for (;;) {
        const std::uint64_t version = other.read_rows(0, rows);
        for (const row &found : rows)
            if (found[0] == step) {
                std::memcpy(into, found, sizeof into);
                return;
            }
        if (rows[0][0] > step)
            throw shma::error(EPROTO, "the other half is more than one step ahead");
        other.wait_newer(version);
    }
}

static void advance(const half &now, const row &above, half &next)
{
    static const row edge = {};
    std::memcpy(next[0], now[1], sizeof(row));
    std::memcpy(next[ROWS - 1], now[ROWS - 2], sizeof(row));
    for (std::size_t y = 1; y < ROWS - 1; ++y) {
        const row &south = y == 1 ? edge : now[y - 1];
        const row &north = y == ROWS - 2 ? above : now[y + 1];
        for (std::size_t x = 1; x < WIDTH; ++x) {
            const double west = x == 1 ? 0.0 : now[y][x - 1], east = x == WIDTH - 1 ? 0.0 : now[y][x + 1];
            next[y][x] = now[y][x] + RATIO * ((west + east) + (south[x] + north[x]) - 4.0 * now[y][x]);
        }
        next[y][0] = now[y][0] + 1;
    }
}

int main(int count, char **arguments)
try {
    if (count != 3) {
        std::fprintf(stderr, "usage: solver REGION STEPS\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); // it ends with the program that has started it
    const double steps = std::atof(arguments[2]);
    shma::state plate(arguments[1]);
    auto own = plate.field<half>("lower");
    auto other = plate.field<half>("upper");
    static half now, next;
    static row beside;
    own.read(now);
    while (now[1][0] < steps) {
        row_beside(other, now[1][0], beside);
        advance(now, beside, next);
        own.write(next);
        std::memcpy(now, next, sizeof now);
    }
    return 0;
} catch (const shma::error &error) {
    std::fprintf(stderr, "solver: %s\n", error.what());
    return 1;
}
