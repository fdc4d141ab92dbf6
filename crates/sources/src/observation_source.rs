//! The interface of all sources: each takes part in the first scan, and then runs on a thread of
//! its own.

use crate::{ObservationSender, Shutdown, SourceConfig};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::watch;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;

/// The stage of the first scan in which a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStage {
    /// In every round, until no source reads anything new: sessions name folders and servers, which
    /// name sessions.
    Discovery,
    /// Once, after the last round.
    Detail,
}

/// The round of the first scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRound {
    /// Nothing was read before.
    First,
    /// Only what was named since the round before is read.
    Later,
}

/// Whether a source read anything in a round, and so may have named more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanProgress {
    /// Nothing was read.
    Nothing,
    /// Something was read.
    Read,
}

/// Receives the facts of a scan as they are found.
pub type FactSink<'a> = dyn FnMut(Vec<Fact>) + 'a;

/// A source of observations. *Invariant:* no source knows another, a verdict or the fleet.
pub trait ObservationSource: Send + Sized + 'static {
    /// The name of the source's thread.
    const THREAD_NAME: &'static str;
    /// The stage of the first scan in which the source is read.
    const SCAN_STAGE: ScanStage;

    /// Reads, for the first scan, what `wanted` names and was not read before.
    fn scan(
        &mut self,
        round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> impl Future<Output = ScanProgress>;

    /// Continues from the first scan under the newest `orders`, until the engine has ended.
    fn run(
        self,
        orders: watch::Receiver<SourceConfig>,
        out: ObservationSender,
    ) -> impl Future<Output = Shutdown>;
}

/// An object-safe [`ObservationSource`], so that all sources fit in one list.
pub trait AnySource: Send {
    /// [`ObservationSource::THREAD_NAME`]
    fn name(&self) -> &'static str;
    /// [`ObservationSource::SCAN_STAGE`]
    fn stage(&self) -> ScanStage;
    /// [`ObservationSource::scan`]
    fn scan<'a>(
        &'a mut self,
        round: ScanRound,
        wanted: &'a SourceDemand,
        sink: &'a mut FactSink<'_>,
    ) -> LocalBoxFuture<'a, ScanProgress>;
    /// [`ObservationSource::run`]
    fn run(
        self: Box<Self>,
        orders: watch::Receiver<SourceConfig>,
        out: ObservationSender,
    ) -> LocalBoxFuture<'static, Shutdown>;
}

impl<S: ObservationSource> AnySource for S {
    fn name(&self) -> &'static str {
        S::THREAD_NAME
    }

    fn stage(&self) -> ScanStage {
        S::SCAN_STAGE
    }

    fn scan<'a>(
        &'a mut self,
        round: ScanRound,
        wanted: &'a SourceDemand,
        sink: &'a mut FactSink<'_>,
    ) -> LocalBoxFuture<'a, ScanProgress> {
        ObservationSource::scan(self, round, wanted, sink).boxed_local()
    }

    fn run(
        self: Box<Self>,
        orders: watch::Receiver<SourceConfig>,
        out: ObservationSender,
    ) -> LocalBoxFuture<'static, Shutdown> {
        ObservationSource::run(*self, orders, out).boxed_local()
    }
}
