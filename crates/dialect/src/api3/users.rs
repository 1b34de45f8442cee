//! AddUser, GetUser, ListUsers, UpdateUser, DescribeSubAccounts and DeleteUser: parameters and answers, both ways.
//!
//! A sub-account here has no console: parameters that ask for one are refused, and the fields of answers that tell of
//! one are empty. Telephone number and mail address are kept and shown.

use daypass_api::names::{AccessKeyId, Uin, UserName};
use daypass_api::operation::{
    AccessKeyStatus, Contact, CreateUser, DeleteUser, IdentityOperation, UpdateUser,
};
use daypass_api::outcome::{AccessKey, NewAccessKey, User};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::with_some;
use super::reply::{AnswerError, Reply};

/// The longest note about a sub-account, in bytes.
pub(super) const MAX_REMARK_BYTES: usize = 1024;
/// The longest telephone number, with whatever it is grouped by.
const MAX_PHONE_BYTES: usize = 32;
/// The longest country code.
const MAX_COUNTRY_BYTES: usize = 8;
/// The longest mail address.
const MAX_EMAIL_BYTES: usize = 254;
/// Most sub-accounts asked for at once.
const MAX_DESCRIBED: usize = 50;
/// How the service calls a sub-account among other kinds of identities.
const TYPE_SUB_ACCOUNT: u64 = 2;

/// The one operation without parameters.
pub(super) const LIST: IdentityOperation = IdentityOperation::ListUsers;

pub(super) fn read_add(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = UserName::parse(fields.required_text("Name")?)?;
    refuse_console(fields)?;
    Ok(IdentityOperation::CreateUser(CreateUser {
        name,
        remark: fields.note("Remark", MAX_REMARK_BYTES)?.unwrap_or_default(),
        contact: Contact {
            phone_number: read_phone_number(fields)?.unwrap_or_default(),
            country_code: read_country_code(fields)?.unwrap_or_default(),
            email: read_email(fields)?.unwrap_or_default(),
        },
        with_access_key: fields.flag("UseApi")?,
    }))
}

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = UserName::parse(fields.required_text("Name")?)?;
    refuse_console(fields)?;
    Ok(IdentityOperation::UpdateUser(UpdateUser {
        name,
        remark: fields.note("Remark", MAX_REMARK_BYTES)?,
        phone_number: read_phone_number(fields)?,
        country_code: read_country_code(fields)?,
        email: read_email(fields)?,
    }))
}

/// Nobody signs in to anything with a password here.
fn refuse_console(fields: &mut Fields<'_>) -> Result<(), Error> {
    if fields
        .text("Password")?
        .is_some_and(|password| !password.is_empty())
    {
        return Err(ErrorCode::PasswordRefused.into());
    }
    fields.refuse("ConsoleLogin")?;
    fields.refuse("NeedResetPassword")
}

fn read_phone_number(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    let plain = |byte: u8| byte.is_ascii_digit() || b" +-()".contains(&byte);
    let text = fields.note("PhoneNum", MAX_PHONE_BYTES)?;
    written_in(plain, "PhoneNum", "digits, blanks and +-()", text)
}

fn read_country_code(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'+';
    let text = fields.note("CountryCode", MAX_COUNTRY_BYTES)?;
    written_in(plain, "CountryCode", "digits and +", text)
}

fn read_email(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    let text = fields.note("Email", MAX_EMAIL_BYTES)?;
    let text = written_in(
        |byte| byte > b' ' && byte != 0x7f,
        "Email",
        "visible characters",
        text,
    )?;
    if text
        .as_ref()
        .is_some_and(|text| !text.is_empty() && !text.contains('@'))
    {
        return Err(Error::with_message(ErrorCode::ParamError, "`Email` has no `@`"));
    }
    Ok(text)
}

fn written_in(
    allowed: impl Fn(u8) -> bool,
    name: &str,
    what: &str,
    text: Option<String>,
) -> Result<Option<String>, Error> {
    match text {
        Some(text) if !text.bytes().all(allowed) => Err(Error::with_message(
            ErrorCode::ParamError,
            format!("`{name}` is not written in {what}"),
        )),
        text => Ok(text),
    }
}

pub(super) fn read_describe(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let numbers = fields.numbers("FilterSubAccountUin", MAX_DESCRIBED, ErrorCode::ParamError)?;
    let uin = |number| {
        let number = u64::try_from(number);
        number.map(Uin).map_err(|_| {
            Error::with_message(
                ErrorCode::ParamError,
                "`FilterSubAccountUin` holds what is not a UIN",
            )
        })
    };
    let uins = numbers.into_iter().map(uin).collect::<Result<_, _>>()?;
    Ok(IdentityOperation::DescribeUsers(uins))
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
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let parameters = json!({
        "Name": create.name.as_str(),
        "Remark": create.remark,
        "ConsoleLogin": 0,
        "UseApi": u8::from(create.with_access_key),
    });
    let Contact {
        phone_number,
        country_code,
        email,
    } = &create.contact;
    let parameters = with_some(parameters, "PhoneNum", given(phone_number));
    let parameters = with_some(parameters, "CountryCode", given(country_code));
    with_some(parameters, "Email", given(email))
}

pub(super) fn update_parameters(update: &UpdateUser) -> Json {
    let parameters = name_parameters(&update.name);
    let parameters = with_some(parameters, "Remark", update.remark.as_deref());
    let parameters = with_some(parameters, "PhoneNum", update.phone_number.as_deref());
    let parameters = with_some(parameters, "CountryCode", update.country_code.as_deref());
    with_some(parameters, "Email", update.email.as_deref())
}

pub(super) fn describe_parameters(uins: &[Uin]) -> Json {
    json!({ "FilterSubAccountUin": uins.iter().map(|uin| uin.0).collect::<Vec<_>>() })
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
        "PhoneNum": user.contact.phone_number,
        "CountryCode": user.contact.country_code,
        "Email": user.contact.email,
        "RecentlyLoginIP": "",
        "RecentlyLoginTime": "",
    })
}

pub(super) fn write_users(users: &[User]) -> Json {
    json!({ "Data": users.iter().map(write_listed).collect::<Json>() })
}

/// Nobody ever signed in.
pub(super) fn write_sub_accounts(users: &[User]) -> Json {
    let one = |user: &User| {
        json!({
            "Uin": user.uin.0,
            "Name": user.name.as_str(),
            "Uid": user.uid,
            "Remark": user.remark,
            "CreateTime": user.created.cam_time(),
            "UserType": TYPE_SUB_ACCOUNT,
            "LastLoginIp": "",
            "LastLoginTime": "",
        })
    };
    json!({ "SubAccounts": users.iter().map(one).collect::<Json>() })
}

pub(super) fn write_listed(user: &User) -> Json {
    json!({
        "Uin": user.uin.0,
        "Name": user.name.as_str(),
        "Uid": user.uid,
        "Remark": user.remark,
        "ConsoleLogin": 0,
        "PhoneNum": user.contact.phone_number,
        "CountryCode": user.contact.country_code,
        "Email": user.contact.email,
        "CreateTime": user.created.cam_time(),
        "NickName": "",
    })
}

/// The answer has neither note nor times nor how the user is reached: note and contact are those asked for, the times
/// are the start of 1970.
pub(super) fn read_created(create: &CreateUser, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let user = User {
        remark: create.remark.clone(),
        contact: create.contact.clone(),
        ..read_identity(reply, Timestamp::default())?
    };
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
    read_identity(reply, Timestamp::default()).map(Outcome::User)
}

pub(super) fn read_users(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    reply.list("Data", read_listed).map(Outcome::Users)
}

/// The answer does not say how the users are reached.
pub(super) fn read_sub_accounts(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    reply.list("SubAccounts", read_listed).map(Outcome::SubAccounts)
}

pub(super) fn read_listed(reply: Reply<'_>) -> Result<User, AnswerError> {
    read_identity(reply, reply.time("CreateTime")?)
}

fn read_identity(reply: Reply<'_>, created: Timestamp) -> Result<User, AnswerError> {
    let text = |field| Ok(reply.optional_text(field)?.unwrap_or_default().to_owned());
    Ok(User {
        uin: Uin(reply.number("Uin")?),
        uid: reply.number("Uid")?,
        name: reply.parsed("Name", UserName::parse)?,
        remark: text("Remark")?,
        contact: Contact {
            phone_number: text("PhoneNum")?,
            country_code: text("CountryCode")?,
            email: text("Email")?,
        },
        created,
    })
}
