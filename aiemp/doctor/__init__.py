"""``aiemp doctor``: every precondition of an employee that runs, each with its remedy.

A check is a pure function from an observation to findings; both are in the file named after it. The
observations are made in :mod:`aiemp.doctor.observers`, and :mod:`aiemp.doctor.checks` puts them together.
"""
