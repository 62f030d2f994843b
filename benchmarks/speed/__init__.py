"""The speed of the package: one list of kernels, and what asv measures of it.

asv imports every module here, so pytest's files lie elsewhere and no module imports a framework.
"""
