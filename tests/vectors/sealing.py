#!/usr/bin/env python3
"""Writes sealing.json: docs/protocol.md from scratch, to hold the Rust and the Solidity against. Needs `pip install pycryptodome`."""

import hashlib
import hmac
import json
from pathlib import Path

from Crypto.Hash import keccak

PAYLOAD_BYTES = 992


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def u(bits: int, value: int) -> bytes:
    return value.to_bytes(bits // 8, "big")


def chunks_of(payload: bytes, seed: bytes) -> list[bytes]:
    parts = [payload[at : at + PAYLOAD_BYTES] for at in range(0, len(payload), PAYLOAD_BYTES)]
    return [keccak256(seed + u(64, i)) + part for i, part in enumerate(parts)]


def encrypt(chunk: bytes, key: bytes, i: int) -> bytes:
    blocks = range((len(chunk) + 31) // 32)
    keystream = b"".join(keccak256(key + u(128, i) + u(128, j)) for j in blocks)
    return bytes(a ^ b for a, b in zip(chunk, keystream))


def layers_of(chunks: list[bytes]) -> list[list[bytes]]:
    layers = [[keccak256(u(64, i) + keccak256(chunk)) for i, chunk in enumerate(chunks)]]
    while len(layers[-1]) > 1:
        below = layers[-1]
        pairs = [below[at : at + 2] for at in range(0, len(below), 2)]
        layers.append([keccak256(b"".join(sorted(p))) if len(p) == 2 else p[0] for p in pairs])
    return layers


def proof_of(layers: list[list[bytes]], index: int) -> list[bytes]:
    proof = []
    for layer in layers[:-1]:
        proof += layer[index ^ 1 : (index ^ 1) + 1]
        index //= 2
    return proof


def hkdf(salt: bytes, secret: bytes, info: bytes) -> bytes:
    pseudorandom_key = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(pseudorandom_key, info + b"\x01", hashlib.sha256)


def text(value):
    """Bytes as 0x hex, lists of them likewise, numbers and names as they are."""
    if isinstance(value, list):
        return [text(item) for item in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def case(name: str, length: int, index: int, lie=None) -> dict:
    """One delivery seen at one chunk; `lie` replaces that chunk before it is encrypted."""
    payload = bytes((7 * at + at // 256 + length) % 256 for at in range(length))
    seed = keccak256(b"seed of " + name.encode())
    key = keccak256(b"key of " + name.encode())
    chunks = chunks_of(payload, seed)
    sent = list(chunks)
    if lie:
        sent[index] = lie(chunks, index)
        assert sent[index] != chunks[index] and len(sent[index]) == len(chunks[index])
    ciphertexts = [encrypt(chunk, key, i) for i, chunk in enumerate(sent)]
    content, ciphertext = layers_of(chunks), layers_of(ciphertexts)
    fields = {
        "name": name,
        "payloadLength": length,
        "payload": payload,
        "seed": seed,
        "key": key,
        "keyHash": keccak256(key),
        "chunks": len(chunks),
        "contentRoot": content[-1][0],
        "ciphertextRoot": ciphertext[-1][0],
        "index": index,
        "chunk": chunks[index],
        "digest": keccak256(chunks[index]),
        "contentProof": proof_of(content, index),
        "ciphertextChunk": ciphertexts[index],
        "ciphertextProof": proof_of(ciphertext, index),
    }
    return {field: text(value) for field, value in fields.items()}


def derived_keys(name: str, chain_id: int) -> dict:
    wallet = keccak256(b"wallet of " + name.encode())
    operator = keccak256(b"operator of " + name.encode())[12:]
    nonce = keccak256(b"nonce of " + name.encode())
    scope = u(256, chain_id) + operator
    fields = {
        "name": name,
        "chainId": chain_id,
        "operator": operator,
        "walletSecret": wallet,
        "nonce": nonce,
        "oneTimeKey": hkdf(b"ayumi/one-time-key/1", wallet, scope + nonce),
        "sealingKey": hkdf(b"ayumi/sealing-key/1", wallet, scope + bytes(32)),
    }
    return {field: text(value) for field, value in fields.items()}


def flip(at: int):
    def lie(chunks, index):
        wrong = bytearray(chunks[index])
        wrong[at] ^= 1
        return bytes(wrong)

    return lie


def swap(chunks, index):
    return chunks[index - 1]


def blank(chunks, index):
    return bytes(len(chunks[index]))


CASES = [
    ("one byte", 1, 0),
    ("one byte less than a keystream block", 31, 0),
    ("one keystream block", 32, 0),
    ("one byte more than a keystream block", 33, 0),
    ("one byte less than a chunk", 991, 0),
    ("one chunk", 992, 0),
    ("two chunks, the first", 993, 0),
    ("two chunks, the last holds one byte", 993, 1),
    ("two full chunks", 1984, 1),
    ("three chunks, the middle", 1985, 1),
    ("three chunks, the last moves up one layer", 1985, 2),
    ("five chunks, the first", 4960, 0),
    ("five chunks, the middle", 4960, 2),
    ("five chunks, the last moves up two layers", 4960, 4),
    ("eleven chunks, the first", 9921, 0),
    ("eleven chunks, the middle", 9921, 5),
    ("eleven chunks, the last moves up twice", 9921, 10),
]

LIES = [
    ("a flipped bit in the only chunk", 1, 0, flip(-1)),
    ("a flipped bit in the blind", 992, 0, flip(0)),
    ("zeros for the last chunk", 993, 1, blank),
    ("a chunk in place of the next", 4960, 2, swap),
    ("a flipped bit in a chunk that moves up", 4960, 4, flip(500)),
    ("zeros for a middle chunk", 9921, 5, blank),
    ("a flipped bit in the last byte of eleven chunks", 9921, 10, flip(-1)),
]

vectors = {
    "comment": "Made by sealing.py from docs/protocol.md. In `lies` the ciphertext chunk does not decrypt to `chunk`.",
    "cases": [case(*arguments) for arguments in CASES],
    "lies": [case(*arguments) for arguments in LIES],
    "derivedKeys": [derived_keys("anvil", 31337), derived_keys("the largest chain id", 2**64 - 1)],
}
Path(__file__).with_suffix(".json").write_text(json.dumps(vectors, indent=1) + "\n")
