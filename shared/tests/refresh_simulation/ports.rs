//! How a call passes through the seed's hands, and the small ports.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use shared::{
    domain::{audit::AuditRecord, purpose::Purpose, secret::Secret32},
    ports::{
        audit::{AuditStream, AuditUnavailable},
        keys::{KeyError, KeyWrap, WrappedKey},
    },
};
use tokio::time::sleep;

use crate::{
    life::Life,
    world::{Mishap, Point, World},
};

/// Makes a call under whatever fate the seed has for it. A mishap other than none is the error; the effect of a late
/// one is left to the caller.
pub async fn pass<T>(
    world: &World,
    life: &Life,
    what: &str,
    point: Point,
    effect: impl FnOnce() -> T,
) -> Result<T, Mishap> {
    let fate = world.fate(point);
    life.runs().await;
    if let Some((blow, true)) = fate.blow {
        world.strike(life, blow);
        life.runs().await;
    }
    sleep(fate.before).await;
    life.runs().await;
    if matches!(fate.mishap, Mishap::Fails | Mishap::Late(_)) {
        world.note(|| format!("{} {what}: {:?}", life.name, fate.mishap));
        return Err(fate.mishap);
    }
    let value = effect();
    if let Some((blow, false)) = fate.blow {
        world.strike(life, blow);
    }
    life.runs().await;
    sleep(fate.after).await;
    life.runs().await;
    if fate.mishap == Mishap::None {
        return Ok(value);
    }
    world.note(|| format!("{} {what}: {:?}", life.name, fate.mishap));
    Err(fate.mishap)
}

/// The key service, as one instance sees it.
pub struct SimulatedKeys {
    pub world: Arc<World>,
    pub life: Arc<Life>,
}

impl SimulatedKeys {
    async fn pass(&self, what: &str, point: Point) -> Result<(), KeyError> {
        let passed = pass(&self.world, &self.life, what, point, || ()).await;
        passed.map_err(|_| KeyError::Unavailable("the seed wants it so".into()))
    }
}

#[async_trait]
impl KeyWrap for SimulatedKeys {
    async fn wrap(&self, purpose: Purpose, key: &Secret32, associated: &[u8]) -> Result<WrappedKey, KeyError> {
        self.pass("wraps", Point::Step).await?;
        self.world.keys.wrap(purpose, key, associated).await
    }

    async fn unwrap(&self, purpose: Purpose, wrapped: &WrappedKey, associated: &[u8]) -> Result<Secret32, KeyError> {
        self.pass("unwraps", Point::Look).await?;
        self.world.keys.unwrap(purpose, wrapped, associated).await
    }

    async fn ready(&self) -> Result<(), KeyError> {
        Ok(())
    }
}

/// Counts the lines of one life.
pub struct CountedAudit {
    pub life: Arc<Life>,
}

impl AuditStream for CountedAudit {
    fn write(&self, _: &AuditRecord) -> Result<(), AuditUnavailable> {
        self.life.recorded.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
