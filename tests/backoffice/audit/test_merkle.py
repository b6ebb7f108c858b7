"""Merkle trees: the RFC's own numbers, and every path of every tree."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit import merkle

# RFC 6962 uses no test vectors; these are the eight inputs and roots that its reference implementation ships.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # fmt: skip
leaves = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


def test_the_roots_are_those_of_certificate_transparency() -> None:
    hashed = [merkle.leaf(bytes.fromhex(text)) for text in INPUTS]

    assert [merkle.root(hashed[:size]).hex() for size in range(1, 9)] == ROOTS
    assert merkle.root([]) == hashlib.sha256(b"").digest()


@given(leaves, st.data())
def test_every_leaf_climbs_to_the_root_by_its_path(hashes: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(hashes) - 1))

    assert merkle.climb(hashes[index], merkle.path(hashes, index)) == merkle.root(hashes)


@given(leaves, st.data(), st.binary(min_size=32, max_size=32))
def test_another_leaf_does_not_climb_to_the_root(hashes: list[bytes], data: st.DataObject, other: bytes) -> None:
    index, elsewhere = (data.draw(st.integers(0, len(hashes) - 1)) for _ in range(2))
    path = merkle.path(hashes, index)

    for stranger in (other, hashes[elsewhere]):
        assert (merkle.climb(stranger, path) == merkle.root(hashes)) == (stranger == hashes[index])


@given(leaves, st.data())
def test_the_root_depends_on_every_leaf_and_on_their_order(hashes: list[bytes], data: st.DataObject) -> None:
    one, other = (data.draw(st.integers(0, len(hashes) - 1)) for _ in range(2))
    changed = list(hashes)
    changed[one] = hashlib.sha256(changed[one]).digest()
    swapped = list(hashes)
    swapped[one], swapped[other] = swapped[other], swapped[one]

    assert merkle.root(changed) != merkle.root(hashes)
    assert (merkle.root(swapped) == merkle.root(hashes)) == (swapped == hashes)


@given(leaves)
def test_a_path_has_no_more_steps_than_the_tree_is_high(hashes: list[bytes]) -> None:
    height = (len(hashes) - 1).bit_length()

    assert all(len(merkle.path(hashes, index)) <= height for index in range(len(hashes)))


def test_a_leaf_is_never_a_node() -> None:
    left, right = merkle.leaf(b"a"), merkle.leaf(b"b")

    assert merkle.leaf(left + right) != merkle.node(left, right)
