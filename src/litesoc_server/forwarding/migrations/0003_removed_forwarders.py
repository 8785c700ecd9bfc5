from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forwarding", "0002_rejected_records"),
        ("orgs", "0008_emptying_test_environments"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="forwarder",
            name="forwarding_one_per_name",
        ),
        migrations.AddField(
            model_name="forwarder",
            name="removed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="forwarder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("org", "environment", "name"),
                name="forwarding_one_per_name",
            ),
        ),
    ]
