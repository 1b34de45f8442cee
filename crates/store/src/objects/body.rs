//! Reading a request's body: in pieces of bounded size, counted, hashed, and held to what was announced.
//!
//! MD5 runs at half a gibibyte a second, so a piece of 256 KiB takes half a millisecond; that is short enough
//! to hash it where it is received. Between pieces the task waits for the body or the engine.

use bytes::Bytes;
use daypass_api::object::MAX_SINGLE_UPLOAD_BYTES;
use daypass_api::operation::BodyClaims;
use daypass_api::{Error, ErrorCode};
use futures_util::TryStreamExt;

use super::BodyStream;
use super::digest::Digests;

const PIECE_BYTES: usize = 256 * 1024;

/// A body being read.
pub(crate) struct Body<'a> {
    stream: BodyStream<'a>,
    claims: &'a BodyClaims,
    digests: Digests,
    limit: u64,
    received: u64,
    piece: Bytes,
}

/// What is known of a body that was read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BodySummary {
    pub(crate) length: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) crc64: u64,
}

impl<'a> Body<'a> {
    /// Begins, unless the announced length is already too much for one request.
    pub(crate) fn new(stream: BodyStream<'a>, claims: &'a BodyClaims) -> Result<Self, Error> {
        Self::with_limit(stream, claims, MAX_SINGLE_UPLOAD_BYTES)
    }

    fn with_limit(stream: BodyStream<'a>, claims: &'a BodyClaims, limit: u64) -> Result<Self, Error> {
        if claims.length.is_some_and(|length| length > limit) {
            return Err(ErrorCode::EntityTooLarge.into());
        }
        let digests = Digests::new(claims);
        Ok(Self {
            stream,
            claims,
            digests,
            limit,
            received: 0,
            piece: Bytes::new(),
        })
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.piece.is_empty() {
            match self.stream.try_next().await? {
                Some(piece) => self.count(piece)?,
                None => return Ok(None),
            }
        }
        let piece = self.piece.split_to(self.piece.len().min(PIECE_BYTES));
        self.digests.update(&piece);
        Ok(Some(piece))
    }

    fn count(&mut self, piece: Bytes) -> Result<(), Error> {
        self.received = self.received.saturating_add(piece.len() as u64);
        if self.received > self.limit {
            return Err(ErrorCode::EntityTooLarge.into());
        }
        if self.claims.length.is_some_and(|length| self.received > length) {
            return Err(Error::with_message(
                ErrorCode::InvalidRequest,
                "The body is longer than Content-Length says",
            ));
        }
        self.piece = piece;
        Ok(())
    }

    /// Holds the whole body to what was announced.
    pub(crate) fn finish(self) -> Result<BodySummary, Error> {
        if self.claims.length.is_some_and(|length| self.received < length) {
            return Err(ErrorCode::IncompleteBody.into());
        }
        let (md5, crc64) = self.digests.finish(self.claims)?;
        Ok(BodySummary {
            length: self.received,
            md5,
            crc64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};

    async fn read(pieces: &[&'static [u8]], claims: &BodyClaims, limit: u64) -> Result<u64, ErrorCode> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        let read = async {
            let mut body = Body::with_limit(stream::iter(pieces).boxed(), claims, limit)?;
            while body.next().await?.is_some() {}
            body.finish()
        };
        read.await
            .map(|summary| summary.length)
            .map_err(|error: Error| error.code)
    }

    #[tokio::test]
    async fn a_body_is_held_to_its_claims() {
        let check = async |pieces: &[&'static [u8]], claims: BodyClaims, expected| {
            assert_eq!(read(pieces, &claims, 4).await, expected, "{pieces:?} {claims:?}");
        };
        let length = |length| BodyClaims {
            length: Some(length),
            ..Default::default()
        };
        check(&[], length(0), Ok(0)).await;
        check(&[b"ab", b"", b"c"], length(3), Ok(3)).await;
        check(&[b"ab", b"c"], BodyClaims::default(), Ok(3)).await;
        check(&[b"abcd"], BodyClaims::default(), Ok(4)).await;
        check(
            &[b"abcd", b"e"],
            BodyClaims::default(),
            Err(ErrorCode::EntityTooLarge),
        )
        .await;
        check(&[], length(5), Err(ErrorCode::EntityTooLarge)).await;
        check(&[b"ab"], length(3), Err(ErrorCode::IncompleteBody)).await;
        check(&[b"abc"], length(2), Err(ErrorCode::InvalidRequest)).await;
        let md5 = |md5| BodyClaims {
            md5: Some(md5),
            ..Default::default()
        };
        let md5_of_a = 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661_u128.to_be_bytes();
        check(&[b"a"], md5(md5_of_a), Ok(1)).await;
        check(&[b"b"], md5(md5_of_a), Err(ErrorCode::BadDigest)).await;
        let sha1 = |sha1| BodyClaims {
            sha1: Some(sha1),
            ..Default::default()
        };
        let sha1_of_a = *b"\x86\xf7\xe4\x37\xfa\xa5\xa7\xfc\xe1\x5d\x1d\xdc\xb9\xea\xea\xea\x37\x76\x67\xb8";
        check(&[b"a"], sha1(sha1_of_a), Ok(1)).await;
        check(&[b"b"], sha1(sha1_of_a), Err(ErrorCode::InvalidSha1Digest)).await;
    }

    #[tokio::test]
    async fn long_pieces_are_cut() {
        let claims = BodyClaims::default();
        let long = Bytes::from(vec![1; PIECE_BYTES + 1]);
        let mut body = Body::new(stream::iter([Ok(long)]).boxed(), &claims).unwrap();
        let mut lengths = Vec::new();
        while let Some(piece) = body.next().await.unwrap() {
            lengths.push(piece.len());
        }
        assert_eq!(lengths, [PIECE_BYTES, 1]);
    }
}
