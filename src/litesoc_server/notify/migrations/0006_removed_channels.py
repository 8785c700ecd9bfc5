from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0005_reopened"),
        ("orgs", "0008_emptying_test_environments"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="channel",
            name="notify_one_channel_per_name",
        ),
        migrations.AddField(
            model_name="channel",
            name="removed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="was_enabled",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("membership__isnull", True), ("removed_at__isnull", True)),
                fields=("org", "name"),
                name="notify_one_channel_per_name",
            ),
        ),
    ]
