"""Samples collected, as most tests look at them."""

from interplay.model.sampler import sample


def sample_groups(model, prompts, **options):
    """For every prompt its completions in order of sample index."""
    groups = [[] for _ in prompts]
    for completion in sample(model, prompts, **options):
        groups[completion.prompt].append(completion)
    return [sorted(group, key=lambda completion: completion.sample) for group in groups]
