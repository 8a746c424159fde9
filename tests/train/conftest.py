import pytest
from tiny_run import fixture_config, fixture_model, fixture_stream, fixture_tokenizer


@pytest.fixture(scope="session")
def stream():
    return fixture_stream()


@pytest.fixture(scope="session")
def tokenizer():
    return fixture_tokenizer()


@pytest.fixture(scope="session")
def fresh_model(tokenizer):
    return lambda: fixture_model(tokenizer)


@pytest.fixture
def model(fresh_model):
    return fresh_model()


@pytest.fixture
def config():
    return fixture_config()
