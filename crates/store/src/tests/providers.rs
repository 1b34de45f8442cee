//! Identity providers: what may be said about one, and which changes make it another.

use daypass_api::names::{ProviderId, ProviderName};
use daypass_api::operation::{NewRole, ProviderSettings, RoleRef};
use daypass_api::outcome::Provider;
use daypass_api::secret::SecretKey;
use daypass_api::tags::Tags;

use super::*;
use crate::identity::{KeyMaterial, MOST_PROVIDERS, StoredProvider, Trusted, WrappedSecret};

const OTHER: Account = Account {
    app_id: AppId(1_250_000_009),
    owner_uin: Uin(100_000_000_900),
};
const LATER: Timestamp = Timestamp::from_unix_seconds(1_700_000_100);

fn name(text: &str) -> ProviderName {
    ProviderName::parse(text).unwrap()
}

fn settings(text: &str) -> ProviderSettings {
    ProviderSettings {
        name: name(text),
        issuer: "https://issuer.test".to_owned(),
        audiences: vec!["one".to_owned(), "two".to_owned()],
        keys: None,
        description: Some("a note".to_owned()),
    }
}

async fn with_accounts() -> Fixture {
    let fixture = fixture().await;
    for (account, id) in [(OWNER, "AKIDroot"), (OTHER, "AKIDother")] {
        let key = KeyMaterial {
            id: daypass_api::names::AccessKeyId::parse(id).unwrap(),
            secret: SecretKey::new("secret".to_owned()),
            wrapped: WrappedSecret {
                wrapped: Bytes::from("wrapped"),
            },
        };
        assert!(fixture.store.create_account(account, &key, NOW).await.unwrap());
    }
    fixture
}

impl Fixture {
    async fn create(&self, settings: &ProviderSettings) -> Result<ProviderId, ErrorCode> {
        let made = self.store.create_provider(OWNER, settings, NOW).await;
        made.map_err(|error| error.code)?;
        Ok(self.provider(settings.name.as_str()).await.unwrap().id)
    }

    async fn provider(&self, text: &str) -> Option<StoredProvider> {
        let view = self.view().await;
        view.provider_named(OWNER.owner_uin, &name(text)).await.unwrap()
    }

    async fn shown(&self, account: Account, text: &str) -> Result<Provider, ErrorCode> {
        let view = self.view().await;
        match self.store.get_provider(&view, account, &name(text)).await {
            Ok(Outcome::Provider(provider)) => Ok(provider),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code),
        }
    }

    async fn update(&self, settings: &ProviderSettings) -> u64 {
        let updated = self.store.update_provider(OWNER, settings, LATER).await;
        assert!(matches!(updated, Ok(Outcome::Done)), "{updated:?}");
        self.provider("company").await.unwrap().record.revision
    }
}

#[tokio::test]
async fn a_provider_comes_and_goes() {
    let fixture = with_accounts().await;
    let first = fixture.create(&settings("company")).await.unwrap();
    let shown = fixture.shown(OWNER, "company").await.unwrap();
    assert_eq!(
        (shown.name, shown.issuer),
        (name("company"), settings("x").issuer)
    );
    assert_eq!((shown.audiences, shown.keys), (settings("x").audiences, None));
    assert_eq!(shown.description, "a note");
    let again = fixture.create(&settings("company")).await;
    assert_eq!(again, Err(ErrorCode::ProviderNameInUse));
    // Names are an account's own.
    assert_eq!(
        fixture.shown(OTHER, "company").await,
        Err(ErrorCode::ProviderNotExist)
    );
    let foreign = fixture.store.delete_provider(OTHER, &name("company")).await;
    assert_eq!(foreign.unwrap_err().code, ErrorCode::ProviderNotExist);

    fixture
        .store
        .delete_provider(OWNER, &name("company"))
        .await
        .unwrap();
    assert_eq!(
        fixture.shown(OWNER, "company").await,
        Err(ErrorCode::ProviderNotExist)
    );
    let view = fixture.view().await;
    assert_eq!(view.provider(OWNER.owner_uin, first).await.unwrap(), None);
    let second = fixture.create(&settings("company")).await.unwrap();
    assert!(second > first, "{second:?} is not the number of another");
}

#[tokio::test]
async fn who_takes_less_than_before_is_another_revision() {
    let fixture = with_accounts().await;
    fixture.create(&settings("company")).await.unwrap();
    let mut now = settings("company");
    assert_eq!(fixture.update(&now).await, 1, "nothing changed");
    now.audiences.push("three".to_owned());
    now.audiences.reverse();
    assert_eq!(fixture.update(&now).await, 1, "one more audience");
    now.description = Some("another note".to_owned());
    assert_eq!(fixture.update(&now).await, 1, "another note");
    now.description = None;
    assert_eq!(fixture.update(&now).await, 1, "the note stays");
    let shown = fixture.shown(OWNER, "company").await.unwrap();
    assert_eq!(shown.description, "another note");
    now.audiences.pop();
    assert_eq!(fixture.update(&now).await, 2, "an audience less");
    now.issuer = "https://other.test".to_owned();
    assert_eq!(fixture.update(&now).await, 3, "another issuer");
    now.keys = Some("{}".to_owned());
    assert_eq!(fixture.update(&now).await, 4, "given keys");
    now.keys = None;
    assert_eq!(fixture.update(&now).await, 5, "those of the issuer again");
    let record = fixture.provider("company").await.unwrap().record;
    assert_eq!((record.created, record.updated), (NOW, LATER));
}

#[tokio::test]
async fn there_are_so_many_providers_at_most() {
    let fixture = with_accounts().await;
    for number in 0..MOST_PROVIDERS {
        fixture.create(&settings(&format!("p{number}"))).await.unwrap();
    }
    let full = fixture.create(&settings("one-more")).await;
    assert_eq!(full, Err(ErrorCode::ProviderFull));
    fixture.store.delete_provider(OWNER, &name("p7")).await.unwrap();
    fixture.create(&settings("one-more")).await.unwrap();
}

#[tokio::test]
async fn a_role_trusts_the_provider_that_had_the_name() {
    let fixture = with_accounts().await;
    let trusted = [Trusted::Provider(OWNER.owner_uin, name("company"))];
    let role = |text: &str| NewRole {
        name: daypass_api::names::RoleName::parse(text).unwrap(),
        document: "{}".to_owned(),
        description: String::new(),
        console_login: false,
        session_duration: 0,
        tags: Tags::default(),
    };
    let early = fixture
        .store
        .create_role(OWNER, &role("early"), &trusted, NOW)
        .await;
    assert_eq!(early.unwrap_err().code, ErrorCode::PrincipalQcsNotExist);
    let id = fixture.create(&settings("company")).await.unwrap();
    let made = fixture
        .store
        .create_role(OWNER, &role("dev"), &trusted, NOW)
        .await;
    assert!(matches!(made, Ok(Outcome::RoleCreated(_))), "{made:?}");
    fixture
        .store
        .delete_provider(OWNER, &name("company"))
        .await
        .unwrap();
    fixture.create(&settings("company")).await.unwrap();
    let view = fixture.view().await;
    let dev = RoleRef::Name(role("dev").name);
    let stored = view.role(OWNER.owner_uin, &dev).await.unwrap().unwrap();
    let named: Vec<_> = stored.providers.iter().map(|provider| provider.id).collect();
    assert_eq!(named, [id]);
}
