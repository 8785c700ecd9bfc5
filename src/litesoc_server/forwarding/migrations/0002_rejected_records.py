import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forwarding", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="forwarder",
            name="pending_after",
            field=models.CharField(db_default="", default="", editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="forwarder",
            name="rejected_count",
            field=models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="forwarder",
            name="rejected_in_row",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.CreateModel(
            name="RejectedRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("record_id", models.CharField(max_length=100)),
                ("is_alert", models.BooleanField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("reason", models.CharField(max_length=500)),
                (
                    "forwarder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rejected", to="forwarding.forwarder"
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "constraints": [models.UniqueConstraint(fields=("forwarder", "record_id"), name="forwarding_rejected_once")],
            },
        ),
    ]
