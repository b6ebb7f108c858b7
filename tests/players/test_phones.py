"""Phone numbers come to one spelling, whatever way somebody writes them."""

import pytest

from players import phones


@pytest.mark.parametrize(
    ("text", "country", "spelled"),
    [
        ("+46 70 537 30 39", "", "+46705373039"),
        ("+46 (0)70-537 30 39", "", "+46705373039"),
        ("070-537 30 39", "SE", "+46705373039"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("2123 4567", "MT", "+35621234567"),
        ("+39 06 698 12345", "", "+390669812345"),  # Italy keeps its nought
        ("070-537 30 39", "", "+705373039"),  # of no country: its digits
        ("call me", "", "+"),
    ],
)
def test_a_number_is_spelled_in_one_way(text, country, spelled):
    assert phones.spelled(text, country) == spelled


def test_a_number_as_at_home_may_be_one_of_several_countries():
    assert phones.everywhere("0705373039", ["DE", "GB", "MT", "SE", "CA"]) == ["+46705373039", "+49705373039"]
    assert phones.everywhere("020 7946 0018", ["DE", "GB", "MT"]) == ["+442079460018"]
    assert phones.everywhere("0046 70 537 30 39", ["GB"]) == ["+46705373039"]
    assert phones.everywhere("0000", ["GB", "SE"]) == ["+"]
