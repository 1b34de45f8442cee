//! The policies of the demo: A, what the user server's account may do; a careless B; and those of a
//! role: who may take it, and what it may do.

/// A: put and get objects below `users/`, and nothing else.
pub(super) fn uploader(region: &str, appid: u64, bucket: &str) -> String {
    allow(
        &["name/cos:PutObject", "name/cos:GetObject"],
        region,
        appid,
        &format!("{bucket}/users/*"),
    )
}

/// B, carelessly wide: everything in the bucket.
pub(super) fn everything(region: &str, appid: u64, bucket: &str) -> String {
    allow(&["name/cos:*"], region, appid, &format!("{bucket}/*"))
}

/// What the role may do: get objects below `users/`.
pub(super) fn reader(region: &str, appid: u64, bucket: &str) -> String {
    allow(
        &["name/cos:GetObject"],
        region,
        appid,
        &format!("{bucket}/users/*"),
    )
}

/// Whom the role trusts: one sub-account.
pub(super) fn trust(owner_uin: u64, uin: u64) -> String {
    serde_json::json!({
        "version": "2.0",
        "statement": [{
            "effect": "allow",
            "action": ["name/sts:AssumeRole"],
            "principal": { "qcs": [format!("qcs::cam::uin/{owner_uin}:uin/{uin}")] },
        }],
    })
    .to_string()
}

/// Taking the role, which whoever is trusted must also be allowed.
pub(super) fn taking(owner_uin: u64, role: &str) -> String {
    serde_json::json!({
        "version": "2.0",
        "statement": [{
            "effect": "allow",
            "action": ["name/sts:AssumeRole"],
            "resource": [format!("qcs::cam::uin/{owner_uin}:roleName/{role}")],
        }],
    })
    .to_string()
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
