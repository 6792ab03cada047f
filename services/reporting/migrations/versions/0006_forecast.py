"""Forecasts of demand, one a pool."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from usher_kit.migrations import isolate

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "the model, what weeks change demand by, and its backtest"
    op.create_table(
        "forecast",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", pg.JSONB(), nullable=False, comment=told),
        sa.PrimaryKeyConstraint("tenant_id", "org_id", "product", name="pk_forecast"),
        comment="What a pool's demand may become, made once a day",
    )
    isolate("forecast")
