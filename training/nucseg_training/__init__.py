# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training, evaluation and export of the networks that nucsegfilter runs."""
