import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0006_detections_by_application"),
        ("notify", "0007_waiting_indexes"),
        ("orgs", "0008_emptying_test_environments"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="notify.escalationrule",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["rule", "alert"], name="notify_escalated_by"),
        ),
    ]
