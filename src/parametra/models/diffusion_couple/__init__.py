"""Diffusion couples: interdiffusion, intrinsic and integrated coefficients from composition profiles."""

from parametra.models.diffusion_couple._integrated import IntegratedCoefficient, integrated_coefficient
from parametra.models.diffusion_couple._interdiffusion import Interdiffusion, den_broeder, wagner
from parametra.models.diffusion_couple._intrinsic import IntrinsicCoefficients, intrinsic_coefficients

__all__ = [
    "IntegratedCoefficient",
    "Interdiffusion",
    "IntrinsicCoefficients",
    "den_broeder",
    "integrated_coefficient",
    "intrinsic_coefficients",
    "wagner",
]
