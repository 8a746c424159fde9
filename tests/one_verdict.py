"""The verdict on a row of one candidate."""

from interplay.data.gsm_infinite import verify_candidates


def verify_row(row, **fields):
    return verify_candidates(row, **fields)[0]
