//! The policies of the demo: A, what the user server's account may do, and two B, what a key is narrowed to.

/// A: put and get objects below `users/`, and nothing else.
pub(super) fn uploader(region: &str, appid: u64, bucket: &str) -> String {
    allow(
        &["name/cos:PutObject", "name/cos:GetObject"],
        region,
        appid,
        &format!("{bucket}/users/*"),
    )
}

/// B: put and get objects in one user's folder.
pub(super) fn own_folder(region: &str, appid: u64, bucket: &str, user: &str) -> String {
    allow(
        &["name/cos:PutObject", "name/cos:GetObject"],
        region,
        appid,
        &format!("{bucket}/users/{user}/*"),
    )
}

/// B, carelessly wide: everything in the bucket.
pub(super) fn everything(region: &str, appid: u64, bucket: &str) -> String {
    allow(&["name/cos:*"], region, appid, &format!("{bucket}/*"))
}

fn allow(actions: &[&str], region: &str, appid: u64, path: &str) -> String {
    serde_json::json!({
        "version": "2.0",
        "statement": [{
            "effect": "allow",
            "action": actions,
            "resource": [format!("qcs::cos:{region}:uid/{appid}:{path}")],
        }],
    })
    .to_string()
}
