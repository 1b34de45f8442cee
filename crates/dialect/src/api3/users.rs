//! AddUser, GetUser, ListUsers and DeleteUser: parameters and answers, both ways.
//!
//! A sub-account here has no console, no telephone and no mail address: parameters that ask for one are refused,
//! and the fields of answers that tell of one are empty.

use daypass_api::names::{AccessKeyId, Uin, UserName};
use daypass_api::operation::{AccessKeyStatus, CreateUser, DeleteUser, IdentityOperation};
use daypass_api::outcome::{AccessKey, NewAccessKey, User};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::with_some;
use super::reply::{AnswerError, Reply};

/// The longest note about a sub-account, in bytes.
const MAX_REMARK_BYTES: usize = 1024;

/// The one operation without parameters.
pub(super) const LIST: IdentityOperation = IdentityOperation::ListUsers;

pub(super) fn read_add(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = UserName::parse(fields.required_text("Name")?)?;
    let remark = fields.text("Remark")?.unwrap_or_default();
    if remark.len() > MAX_REMARK_BYTES {
        let message = "`Remark` is longer than 1024 bytes";
        return Err(Error::with_message(ErrorCode::ParamError, message));
    }
    for name in [
        "ConsoleLogin",
        "Password",
        "NeedResetPassword",
        "PhoneNum",
        "Email",
    ] {
        fields.refuse(name)?;
    }
    fields.allow("CountryCode"); // Says nothing without a telephone number.
    Ok(IdentityOperation::CreateUser(CreateUser {
        name,
        remark: remark.to_owned(),
        with_access_key: fields.flag("UseApi")?,
    }))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = UserName::parse(fields.required_text("Name")?)?;
    Ok(IdentityOperation::GetUser(name))
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::DeleteUser(DeleteUser {
        name: UserName::parse(fields.required_text("Name")?)?,
        force: fields.flag("Force")?,
    }))
}

pub(super) fn add_parameters(create: &CreateUser) -> Json {
    json!({
        "Name": create.name.as_str(),
        "Remark": create.remark,
        "ConsoleLogin": 0,
        "UseApi": u8::from(create.with_access_key),
    })
}

pub(super) fn name_parameters(name: &UserName) -> Json {
    json!({ "Name": name.as_str() })
}

pub(super) fn delete_parameters(delete: &DeleteUser) -> Json {
    json!({ "Name": delete.name.as_str(), "Force": u8::from(delete.force) })
}

pub(super) fn write_created(user: &User, access_key: Option<&NewAccessKey>) -> Json {
    let answer = json!({
        "Uin": user.uin.0,
        "Name": user.name.as_str(),
        "Uid": user.uid,
    });
    let id = access_key.map(|key| key.access_key.id.as_str());
    let secret_key = access_key.map(|key| key.secret_key.expose());
    with_some(with_some(answer, "SecretId", id), "SecretKey", secret_key)
}

pub(super) fn write_user(user: &User) -> Json {
    json!({
        "Uin": user.uin.0,
        "Name": user.name.as_str(),
        "Uid": user.uid,
        "Remark": user.remark,
        "ConsoleLogin": 0,
        "PhoneNum": "",
        "CountryCode": "",
        "Email": "",
        "RecentlyLoginIP": "",
        "RecentlyLoginTime": "",
    })
}

pub(super) fn write_users(users: &[User]) -> Json {
    json!({ "Data": users.iter().map(write_listed).collect::<Json>() })
}

fn write_listed(user: &User) -> Json {
    json!({
        "Uin": user.uin.0,
        "Name": user.name.as_str(),
        "Uid": user.uid,
        "Remark": user.remark,
        "ConsoleLogin": 0,
        "PhoneNum": "",
        "CountryCode": "",
        "Email": "",
        "CreateTime": user.created.cam_time(),
        "NickName": "",
    })
}

/// The answer has neither note nor times: the note is the one asked for, the times are the start of 1970.
pub(super) fn read_created(create: &CreateUser, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let user = read_identity(reply, create.remark.clone(), Timestamp::default())?;
    let access_key = match reply.optional_text("SecretId")? {
        None => None,
        Some(_) => Some(NewAccessKey {
            access_key: AccessKey {
                id: reply.parsed("SecretId", AccessKeyId::parse)?,
                status: AccessKeyStatus::Active,
                created: Timestamp::default(),
                description: String::new(),
            },
            secret_key: SecretKey::new(reply.text("SecretKey")?.to_owned()),
        }),
    };
    Ok(Outcome::UserCreated { user, access_key })
}

/// The answer has no times: they are the start of 1970.
pub(super) fn read_user(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let remark = reply.optional_text("Remark")?.unwrap_or_default();
    read_identity(reply, remark.to_owned(), Timestamp::default()).map(Outcome::User)
}

pub(super) fn read_users(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let listed = |reply: Reply<'_>| {
        let remark = reply.optional_text("Remark")?.unwrap_or_default();
        read_identity(reply, remark.to_owned(), reply.time("CreateTime")?)
    };
    reply.list("Data", listed).map(Outcome::Users)
}

fn read_identity(reply: Reply<'_>, remark: String, created: Timestamp) -> Result<User, AnswerError> {
    Ok(User {
        uin: Uin(reply.number("Uin")?),
        uid: reply.number("Uid")?,
        name: reply.parsed("Name", UserName::parse)?,
        remark,
        created,
    })
}
