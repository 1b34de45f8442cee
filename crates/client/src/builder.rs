//! One client for all three services, made of what a program knows: a region, perhaps an address, and a key.

use std::sync::Arc;

use daypass_api::names::Region;

use crate::actions::ActionClient;
use crate::connection::Connection;
use crate::credentials::{Credentials, CredentialsProvider};
use crate::endpoint::{Endpoint, EndpointError};
use crate::objects::ObjectClient;
use crate::profile::{Profile, ProfileError};
use crate::retry::Patience;
use crate::route::{Proxy, ProxyError};
use crate::trust::{Trust, TrustError};

/// The object store, the token service and access management, with one key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    objects: ObjectClient,
    sts: ActionClient,
    cam: ActionClient,
}

impl Client {
    /// A builder that knows nothing yet.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The object store.
    pub fn objects(&self) -> &ObjectClient {
        &self.objects
    }

    /// The token service.
    pub fn sts(&self) -> &ActionClient {
        &self.sts
    }

    /// Access management.
    pub fn cam(&self) -> &ActionClient {
        &self.cam
    }
}

/// What a [`Client`] is made of. A region must be said; everything else has a usual value.
#[derive(Clone, Default)]
pub struct ClientBuilder {
    region: Option<String>,
    endpoint: Option<String>,
    proxy: Option<String>,
    provider: Option<Arc<dyn CredentialsProvider>>,
    patience: Option<Patience>,
    trust: Option<Trust>,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing says where the buckets are.
    #[error("a client needs a region, such as `ap-guangzhou`")]
    NoRegion,
    /// A region is not one.
    #[error("`{0}` is no region")]
    Region(String),
    /// An address is not one.
    #[error("the endpoint `{text}` is not one: {source}")]
    Endpoint {
        /// What was said.
        text: String,
        /// What is wrong with it.
        source: EndpointError,
    },
    /// A proxy is not one.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// A profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Nobody can be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl ClientBuilder {
    /// Where the buckets are.
    #[must_use]
    pub fn region(self, region: &str) -> Self {
        let region = Some(region.to_owned());
        Self { region, ..self }
    }

    /// Where the server is that has all three services, `http://<host>[:<port>]` or with `https`. Without it requests go to
    /// the hosts of Tencent Cloud in the region.
    #[must_use]
    pub fn endpoint(self, endpoint: &str) -> Self {
        let endpoint = Some(endpoint.to_owned());
        Self { endpoint, ..self }
    }

    /// A key that stays as it is, permanent or temporary. Without any, requests go unsigned.
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.provider(Arc::new(crate::credentials::Fixed(Arc::new(credentials))))
    }

    /// Keys from somewhere else, renewed while the client works: see [`crate::Refreshing`].
    #[must_use]
    pub fn provider(self, provider: Arc<dyn CredentialsProvider>) -> Self {
        let provider = Some(provider);
        Self { provider, ..self }
    }

    /// All that a profile says: endpoint, region, authorities and key. What is said otherwise counts more when it is said
    /// after this.
    pub fn profile(mut self, profile: &Profile) -> Result<Self, BuildError> {
        if let Some(region) = &profile.region {
            self = self.region(region);
        }
        if let Some(endpoint) = &profile.endpoint {
            self = self.endpoint(endpoint);
        }
        if let Some(file) = &profile.ca_file {
            self = self.trust(Trust::file(file)?);
        }
        match profile.provider()? {
            Some(provider) => Ok(self.provider(provider)),
            None => Ok(self),
        }
    }

    /// How long to wait, and how often to try again.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Self {
        let patience = Some(patience);
        Self { patience, ..self }
    }

    /// The authorities whose word is taken over HTTPS, instead of those of this machine.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        let trust = Some(trust);
        Self { trust, ..self }
    }

    /// An HTTP proxy on the way, `http://[<user>:<password>@]<host>:<port>`.
    #[must_use]
    pub fn proxy(self, proxy: &str) -> Self {
        let proxy = Some(proxy.to_owned());
        Self { proxy, ..self }
    }

    /// The client. Nothing is connected yet.
    pub fn build(self) -> Result<Client, BuildError> {
        let region = self.region.as_deref().ok_or(BuildError::NoRegion)?;
        let region = Region::parse(region).map_err(|_| BuildError::Region(region.to_owned()))?;
        let proxy: Option<Proxy> = self.proxy.as_deref().map(str::parse).transpose()?;
        let connect = |vendors_host: &str| self.connection(vendors_host, proxy.clone());
        let objects = connect(&format!("cos.{}.myqcloud.com", region.as_str()))?;
        let (sts, cam) = match self.endpoint {
            Some(_) => (objects.clone(), objects.clone()),
            None => (
                connect("sts.tencentcloudapi.com")?,
                connect("cam.tencentcloudapi.com")?,
            ),
        };
        Ok(Client {
            objects: ObjectClient::new(objects),
            sts: ActionClient::new(sts, region.clone()),
            cam: ActionClient::new(cam, region),
        })
    }

    fn connection(&self, vendors_host: &str, proxy: Option<Proxy>) -> Result<Connection, BuildError> {
        let text = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => format!("https://{vendors_host}"),
        };
        let endpoint: Endpoint = match text.parse() {
            Ok(endpoint) => endpoint,
            Err(source) => return Err(BuildError::Endpoint { text, source }),
        };
        let mut connection = Connection::new(endpoint, None);
        if let Some(provider) = &self.provider {
            connection = connection.with_provider(Arc::clone(provider));
        }
        if let Some(patience) = self.patience {
            connection = connection.with_patience(patience);
        }
        if let Some(trust) = &self.trust {
            connection = connection.with_trust(trust.clone());
        }
        Ok(match proxy {
            Some(proxy) => connection.with_proxy(proxy),
            None => connection,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_endpoint_it_is_the_vendors() {
        let client = Client::builder().region("ap-shanghai").build().unwrap();
        let endpoint = client.objects().connection().endpoint();
        assert_eq!(endpoint.to_string(), "https://cos.ap-shanghai.myqcloud.com");
        assert!(!endpoint.uses_path_style());
    }

    #[test]
    fn what_cannot_be_is_told() {
        let check = |builder: ClientBuilder, expected: &str| {
            let error = builder.build().err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expected));
        };
        let builder = || Client::builder().region("ap-guangzhou");
        check(
            Client::builder(),
            "a client needs a region, such as `ap-guangzhou`",
        );
        check(Client::builder().region("a b"), "`a b` is no region");
        let form = "an endpoint has the form `http://<host>[:<port>]` or `https://<host>[:<port>]`";
        check(
            builder().endpoint("x"),
            &format!("the endpoint `x` is not one: {form}"),
        );
        check(
            builder().proxy("p:80"),
            "a proxy has the form `http://[<user>:<password>@]<host>:<port>`",
        );
    }
}
