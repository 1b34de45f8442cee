//! Whether the token service can be reached with our key: asked at most every few seconds, however often we are.

use std::time::Duration;

use daypass_client::ActionClient;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer counts.
const COUNTS: Duration = Duration::from_secs(2);
/// How long to wait for one.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found the last time.
pub(crate) struct Ready {
    sts: ActionClient,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Ready {
    pub(crate) fn new(sts: ActionClient) -> Self {
        Self {
            sts,
            last: Mutex::default(),
        }
    }

    /// Whether the token service knows us.
    pub(crate) async fn is_ready(&self) -> bool {
        // Whoever comes while it is asked waits for the same answer.
        let mut last = self.last.lock().await;
        if let Some((asked, is_ready)) = *last
            && asked.elapsed() < COUNTS
        {
            return is_ready;
        }
        let answer = timeout(PATIENCE, self.sts.get_caller_identity()).await;
        let is_ready = matches!(answer, Ok(Ok(_)));
        *last = Some((Instant::now(), is_ready));
        is_ready
    }
}
