// The fields that `shma header --cpp` declares, on a region of that layout and on one of another.
#include "check.h"

#include "arm.hpp"

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    shma_Arm arm(arguments[1]);
    shma_Arm_joints joints;
    CHECK(arm.joints.read(joints) == 1 && joints[1].angle == 1.5 && joints[1].torque == -2 && joints[1].id == 7);
    arm.joints.update_at(1, [](auto &now, const auto &old) { now.angle = old.angle + 1; });
    arm.wave.update([](auto &now, const auto &old) { now[0] = old[1] * std::complex<double>(0, 1); });
    arm.wide.write(shma::u128{{5, 6}});
    arm.gr0xf6z0xdfze.write(0.5f);
    CHECK(arm.ticks.fetch_add(1, 3) == 0);
    CHECK(arm.state_.is_current());
    try {
        shma_Arm other(arguments[2]);
        CHECK(false);
    } catch (const shma::error &error) {
        CHECK(error.code() == EPROTO && std::string(error.what()).find(SHMA_Arm_FINGERPRINT) != std::string::npos);
    }
    return 0;
}
