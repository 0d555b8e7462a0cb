# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
"""How a card function ends when it does not succeed: by a status word, or by its own error result."""


class StatusError(Exception):
    """The command ends with the status word `sw` and no data."""

    def __init__(self, sw):
        super().__init__(f"{sw:04X}")
        self.sw = sw


class Refused(Exception):
    """The function answers with its error result, number `code`."""

    def __init__(self, code):
        super().__init__(f"result {code}")
        self.code = code
