//! What every source is: read once in the first scan, then followed on a thread of its own.

use crate::{ObservationSender, Shutdown, SourceConfig};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::watch;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;

/// When the first scan reads a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStage {
    /// In every round, until no source has read anything new: sessions name folders and servers,
    /// which name sessions.
    Discovery,
    /// Once, after the last round.
    Detail,
}

/// Which round of the first scan it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRound {
    /// Nothing was read before.
    First,
    /// Only what was named since is read.
    Later,
}

/// Whether a scan of one source may have named more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanProgress {
    /// Nothing was read.
    Nothing,
    /// Something was read.
    Read,
}

/// Takes the facts of a scan as they are found.
pub type FactSink<'a> = dyn FnMut(Vec<Fact>) + 'a;

/// A source of observations. *Invariant:* no source knows another, a verdict or the fleet.
pub trait ObservationSource: Send + Sized + 'static {
    /// The name of its thread.
    const THREAD_NAME: &'static str;
    /// When the first scan reads it.
    const SCAN_STAGE: ScanStage;

    /// Reads, for the first scan, what `wanted` names and was not read before.
    fn scan(
        &mut self,
        round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> impl Future<Output = ScanProgress>;

    /// Goes on from the first scan, as `orders` say, until the engine has ended.
    fn run(
        self,
        orders: watch::Receiver<SourceConfig>,
        out: ObservationSender,
    ) -> impl Future<Output = Shutdown>;
}

/// A source of any kind, so that all can stand in one list.
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
