//! The tail of a derived id: 80 bits of BLAKE3 over the kind's prefix and the parts of the cause.
//!
//! Stored ids depend on every byte of this; it may never change.

/// Each piece goes in after its length (64 bits, little-endian), so that no two lists of parts are the same bytes:
/// `["ab", "c"]` and `["a", "bc"]` differ. The prefix keeps kinds apart that share a cause.
pub(super) fn tail(prefix: &str, parts: &[&[u8]]) -> [u8; 10] {
    let mut hasher = blake3::Hasher::new();
    for piece in std::iter::once(&prefix.as_bytes()).chain(parts) {
        let length = u64::try_from(piece.len()).expect("no slice is longer than 64 bits say");
        hasher.update(&length.to_le_bytes());
        hasher.update(piece);
    }
    let mut tail = [0; 10];
    hasher.finalize_xof().fill(&mut tail);
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_length_prefixed_pieces() {
        let by_hand = blake3::hash(b"\x03\0\0\0\0\0\0\0trf\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0c");
        assert_eq!(tail("trf", &[b"ab", b"c"]), by_hand.as_bytes()[..10]);
    }
}
