"""Publications that several of these models rest on."""

from __future__ import annotations

from parametra.nouns.card import Source

HESTNESS = Source(
    "J. Hestness and others", 2017, "Deep learning scaling is predictable, empirically", "arXiv:1712.00409"
)
KAPLAN = Source("J. Kaplan and others", 2020, "Scaling laws for neural language models", "arXiv:2001.08361")
MCCANDLISH = Source("S. McCandlish and others", 2018, "An empirical model of large-batch training", "arXiv:1812.06162")
SU = Source("H. Su and others", 2024, "Unraveling the mystery of scaling laws: part I", "arXiv:2403.06563")
HOFFMANN = Source("J. Hoffmann and others", 2022, "Training compute-optimal large language models", "arXiv:2203.15556")
BESIROGLU = Source(
    "T. Besiroglu, E. Erdil, M. Barnett and J. You",
    2024,
    "Chinchilla scaling: a replication attempt",
    "arXiv:2404.10102",
)
BERGSMA = Source(
    "S. Bergsma and others",
    2025,
    "Power lines: scaling laws for weight decay and batch size in LLM pre-training",
    "arXiv:2505.13738",
)
INBAR = Source("I. Inbar and L. Sernau", 2024, "Time matters: scaling laws for any budget", "arXiv:2406.18922")
ABNAR = Source(
    "S. Abnar and others",
    2025,
    "Parameters vs FLOPs: scaling laws for optimal sparsity for mixture-of-experts language models",
    "arXiv:2501.12370",
)
WANG = Source(
    "D. Wang, C. Song and A.-L. Barabasi",
    2013,
    "Quantifying long-term scientific impact",
    "doi:10.1126/science.1237825",
)
BHANDARI = Source(
    "K. R. Bhandari, P.-Y. Chen and J. Gao",
    2025,
    "Forecasting open-weight AI model growth on Hugging Face",
    "arXiv:2502.15987",
)
