//! Bytes that pass no faster than somebody asked for.

use std::time::Duration;

use bytes::Bytes;
use daypass_api::Error;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, sleep_until};

/// How often in a second bytes pass: often enough that nobody takes the pause for the end.
const PIECES_PER_SECOND: u64 = 10;

/// Lets a stream pass at so many bits in a second at most. What a slow end leaves unused is not made up for later.
pub(crate) fn paced<'s>(
    stream: impl Stream<Item = Result<Bytes, Error>> + Send + 's,
    bits_per_second: u64,
) -> BoxStream<'s, Result<Bytes, Error>> {
    let bytes_per_second = (bits_per_second / 8).max(1);
    let most = usize::try_from(bytes_per_second / PIECES_PER_SECOND)
        .unwrap_or(usize::MAX)
        .max(1);
    let mut next = Instant::now();
    stream
        .flat_map(move |piece| stream::iter(cut(piece, most)))
        .then(move |piece| {
            let due = next.max(Instant::now());
            next = due + time_of(&piece, bytes_per_second);
            async move {
                sleep_until(due).await;
                piece
            }
        })
        .boxed()
}

fn cut(piece: Result<Bytes, Error>, most: usize) -> Vec<Result<Bytes, Error>> {
    let mut rest = match piece {
        Ok(rest) => rest,
        Err(error) => return vec![Err(error)],
    };
    let mut pieces = Vec::new();
    while rest.len() > most {
        pieces.push(Ok(rest.split_to(most)));
    }
    pieces.push(Ok(rest));
    pieces
}

fn time_of(piece: &Result<Bytes, Error>, bytes_per_second: u64) -> Duration {
    let length = piece.as_ref().map_or(0, Bytes::len) as u64;
    Duration::from_micros(length.saturating_mul(1_000_000) / bytes_per_second)
}

#[cfg(test)]
mod tests {
    use daypass_api::ErrorCode;

    use super::*;

    #[tokio::test]
    async fn bytes_take_their_time_and_stay_the_same() {
        let begin = Instant::now();
        let body: Vec<u8> = (0..50_000_u32).map(|position| position as u8).collect();
        let pieces = [
            Ok(Bytes::from(body.clone())),
            Err(Error::new(ErrorCode::IncompleteBody)),
        ];
        let passed: Vec<_> = paced(stream::iter(pieces), 819_200).collect().await;
        let (last, pieces) = passed.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().code, ErrorCode::IncompleteBody);
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.clone().unwrap()).collect();
        assert_eq!(bytes, body);
        assert!(pieces.len() >= 5);
        // 50,000 bytes at 102,400 in a second.
        let taken = begin.elapsed();
        assert!(taken >= Duration::from_millis(480), "{taken:?}");
    }
}
