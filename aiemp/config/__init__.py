"""``aiemp.toml`` and the environment made into a :class:`aiemp.plan.Plan`: see :mod:`aiemp.config.load`."""
