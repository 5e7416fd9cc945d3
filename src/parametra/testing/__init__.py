"""Floor 6: the conformance suites, shipped, so that a third party's method or model can be held to them too."""
