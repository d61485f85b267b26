//! Chunks whose rows changed while they were read, summed again.

use crossover_core::{ports::PortResult, rows::HashPlan};
use futures::{TryStreamExt, stream};

use super::{Chunk, Comparison, Layout};

impl Comparison<'_> {
    /// Sums the chunks again that differed between the sides although all their rows were found equal later.
    /// This happens once: if a chunk differs again, writes continue.
    pub(super) async fn recheck_chunks(
        &self,
        forms: (&HashPlan, &HashPlan),
        layout: &Layout,
        chunks: &mut Vec<Chunk>,
    ) -> PortResult<()> {
        if !chunks.iter().any(Chunk::differs) {
            return Ok(());
        }
        match layout {
            Layout::Ranges(_) => {
                stream::iter(chunks.iter_mut().filter(|chunk| chunk.differs()).map(Ok))
                    .try_for_each_concurrent(self.options.jobs.max(1), |chunk| async move {
                        if let Some(bounds) = &chunk.bounds {
                            (chunk.source, chunk.target) = self.range(forms, bounds).await?;
                        }
                        Ok(())
                    })
                    .await
            }
            Layout::Buckets {
                buckets,
                source,
                target,
            } => {
                let parts: [&[_]; 2] = [source, target];
                let (ours, theirs) = self
                    .in_a_pass(parts, |at| async move {
                        let at = [at[0].as_deref(), at[1].as_deref()];
                        self.add_up_both(forms, parts, *buckets, at).await
                    })
                    .await?;
                *chunks = Chunk::of_buckets(&ours, &theirs, *buckets);
                Ok(())
            }
        }
    }
}
