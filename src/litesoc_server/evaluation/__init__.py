"""How good detection is: a simulated population with labelled attacks, the measures, and baselines to compare with."""
