"""How often is New Algol Variable better than the trigonometric polynomial of the best degree, by BIC and by class?

Twenty simulated stars of each class, which differ in their noise alone. The degree of the polynomial is chosen by the
data, the profile of the eclipses is "nav", or the best of six by BIC.
"""

import json
import statistics
import sys

import numpy as np

SEEDS = range(20)
PROFILES = ("nav", "superellipse", "cosine_power", "equal_discs", "gaussian", "mikulasek")
CLASSES = {
    "EA, detached": ((0.06, 0.08, 88.5, 0.3, 0.0), 1000, 0.01),
    "EB, nearly touching": ((0.30, 0.28, 80.0, 0.4, 0.07), 600, 0.01),
    "EW, overcontact": ((0.40, 0.35, 68.0, 0.9, 0.14), 600, 0.01),
}
"""Two radii, inclination, ratio of surface brightness, wave of two a cycle; points; scatter in magnitudes."""


def light_curve(seed, star, count, sigma):
    """Two uniform discs and a wave of what is drawn out."""
    import parametra as pm
    from parametra.models.eclipsing_binary._spheres import seen

    generator = np.random.default_rng(seed)
    phase = generator.uniform(-0.5, 0.5, count)
    radius_1, radius_2, inclination, ratio, wave = star
    first, second = seen(phase, radius_1, radius_2, inclination)
    bright, faint = radius_1**2, ratio * radius_2**2
    magnitude = -2.5 * np.log10((bright * first + faint * second) / (bright + faint))
    magnitude += wave * np.cos(4 * np.pi * phase) + sigma * generator.normal(size=count)
    return pm.Data({"phase": phase, "magnitude": magnitude}, inputs=["phase"], output="magnitude", sigma=sigma)


def differences(seed, star, count, sigma):
    """BIC of New Algol Variable less that of the polynomial, and of its best profile."""
    import parametra as pm

    data = light_curve(seed, star, count, sigma)
    polynomial = pm.fit(pm.model("eclipsing_binary.trigonometric_polynomial"), data, starts=1, progress=False).bic
    nav = pm.model("eclipsing_binary.nav")
    fits = [pm.fit(nav.problem(data, profile=each), starts=1, progress=False).bic for each in PROFILES]
    return fits[0] - polynomial, min(fits) - polynomial


def shown(values):
    return f"{statistics.median(values):.0f} ({min(values):.0f} .. {max(values):.0f})"


def main():
    rows = []
    for name, settings in CLASSES.items():
        plain, chosen = zip(*(differences(seed, *settings) for seed in SEEDS), strict=True)
        rows.append({
            "class": name,
            'better with "nav"': f"{sum(each < 0 for each in plain)} of {len(plain)}",
            "difference of BIC: median (range)": shown(plain),
            "better with the best of six profiles": f"{sum(each < 0 for each in chosen)} of {len(chosen)}",
            "its difference": shown(chosen),
        })  # fmt: skip
    json.dump({"title": "New Algol Variable beside trigonometric polynomials", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
