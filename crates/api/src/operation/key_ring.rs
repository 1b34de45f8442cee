//! Operations on the keys that seal session tokens, and on the key above them. They are the operator's alone.

/// An operation on the key ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRingOperation {
    /// What is in it, without any key.
    Describe,
    /// Seal with a new key from now on; tokens that are out stay good.
    Rotate,
    /// Seal with a new key and forget all others: every token of every account that is out is void.
    EndAll,
    /// Wrap the ring, and the secrets of all permanent keys, under a new master key.
    RotateMasterKey,
}

impl KeyRingOperation {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Describe, Self::Rotate, Self::EndAll, Self::RotateMasterKey];

    /// Whether it changes anything.
    pub fn is_write(self) -> bool {
        match self {
            Self::Describe => false,
            Self::Rotate | Self::EndAll | Self::RotateMasterKey => true,
        }
    }

    /// The action that it is.
    pub fn action(self) -> &'static str {
        match self {
            Self::Describe => "sts:DescribeKeyRing",
            Self::Rotate => "sts:RotateKeyRing",
            Self::EndAll => "sts:EndAllSessions",
            Self::RotateMasterKey => "sts:RotateMasterKey",
        }
    }
}
