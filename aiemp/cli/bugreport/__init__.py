"""``aiemp bugreport``: what others need to understand a trouble, without what is nobody's business.

:mod:`disguise` takes out secrets, paths and names, :mod:`contents` gathers the parts, :mod:`archive` packs them.
"""
