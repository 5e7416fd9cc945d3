"""The 27 models of NIST's Statistical Reference Datasets for nonlinear regression, as formulas in b1, b2, ... and x.

Nelson has two inputs, x1 and x2, and its response is log(y). Source: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml
"""

_MISRA1A = "b1 * (1 - exp(-b2 * x))"
_CHWIRUT = "exp(-b1 * x) / (b2 + b3 * x)"
_GAUSS = "b1 * exp(-b2 * x) + b3 * exp(-(x - b4)**2 / b5**2) + b6 * exp(-(x - b7)**2 / b8**2)"
_LANCZOS = "b1 * exp(-b2 * x) + b3 * exp(-b4 * x) + b5 * exp(-b6 * x)"
_CUBIC = "(b1 + b2 * x + b3 * x**2 + b4 * x**3) / (1 + b5 * x + b6 * x**2 + b7 * x**3)"

FORMULAS = {
    "Bennett5": "b1 * (b2 + x)**(-1 / b3)",
    "BoxBOD": _MISRA1A,
    "Chwirut1": _CHWIRUT,
    "Chwirut2": _CHWIRUT,
    "DanWood": "b1 * x**b2",
    "ENSO": "b1 + b2 * cos(2 * pi * x / 12) + b3 * sin(2 * pi * x / 12) + b5 * cos(2 * pi * x / b4)"
    " + b6 * sin(2 * pi * x / b4) + b8 * cos(2 * pi * x / b7) + b9 * sin(2 * pi * x / b7)",
    "Eckerle4": "(b1 / b2) * exp(-0.5 * ((x - b3) / b2)**2)",
    "Gauss1": _GAUSS,
    "Gauss2": _GAUSS,
    "Gauss3": _GAUSS,
    "Hahn1": _CUBIC,
    "Kirby2": "(b1 + b2 * x + b3 * x**2) / (1 + b4 * x + b5 * x**2)",
    "Lanczos1": _LANCZOS,
    "Lanczos2": _LANCZOS,
    "Lanczos3": _LANCZOS,
    "MGH09": "b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4)",
    "MGH10": "b1 * exp(b2 / (x + b3))",
    "MGH17": "b1 + b2 * exp(-x * b4) + b3 * exp(-x * b5)",
    "Misra1a": _MISRA1A,
    "Misra1b": "b1 * (1 - (1 + b2 * x / 2)**(-2))",
    "Misra1c": "b1 * (1 - (1 + 2 * b2 * x)**(-0.5))",
    "Misra1d": "b1 * b2 * x * (1 + b2 * x)**(-1)",
    "Nelson": "b1 - b2 * x1 * exp(-b3 * x2)",
    "Rat42": "b1 / (1 + exp(b2 - b3 * x))",
    "Rat43": "b1 / (1 + exp(b2 - b3 * x))**(1 / b4)",
    "Roszman1": "b1 - b2 * x - arctan(b3 / (x - b4)) / pi",
    "Thurber": _CUBIC,
}
