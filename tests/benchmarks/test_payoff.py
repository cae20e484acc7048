"""What the picture of a payoff costs once matplotlib is warm."""

import pytest

from tests.benchmarks.test_chart import best, empty
from tests.plugins.chains.test_payoff_picture import long_call
from ttai_chains.payoff.draw import draw

pytestmark = pytest.mark.bench
MUST = 0.3


@pytest.mark.timeout(60)
def test_a_payoff_with_its_cone() -> None:
    scene = long_call()
    took, baseline = best(lambda: draw(scene, "dark")), best(empty)
    size = len(draw(scene, "dark")) / 1024
    print(f"\npayoff: {1e3 * took:.0f} ms, {size:.0f} KB; an empty figure takes {1e3 * baseline:.0f} ms: "
          f"{took / baseline:.1f} x")  # fmt: skip
    assert took <= MUST
