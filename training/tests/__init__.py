# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the training code: python3 -m unittest discover -s training -t training"""
