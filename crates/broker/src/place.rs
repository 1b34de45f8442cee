//! The bucket that keys are for, and how its objects are named in a policy.

use daypass_api::names::{BucketName, Region};
use daypass_policy::OwnerAccount;

/// The bucket that keys are for, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: BucketName,
    pub(crate) region: Region,
}

impl Place {
    /// The resource of a policy that names these keys.
    pub(crate) fn resource(&self, keys: &str) -> String {
        let (region, app_id) = (self.region.as_str(), self.bucket.app_id().0);
        format!("qcs::cos:{region}:uid/{app_id}:{}/{keys}", self.bucket.as_str())
    }

    /// Resources name their account by its APPID; its uin is not known here.
    pub(crate) fn owner(&self) -> OwnerAccount {
        OwnerAccount {
            app_id: self.bucket.app_id().0,
            owner_uin: 0,
        }
    }
}
