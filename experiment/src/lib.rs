//! The experiment: the same agents, the same work, the same time, under different rules.
