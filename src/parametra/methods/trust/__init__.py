"""Methods of statistical honesty: data looked at again and again, chosen by, drifting, or private."""
