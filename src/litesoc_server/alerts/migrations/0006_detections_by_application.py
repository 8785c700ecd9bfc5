from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0005_reopenings"),
        ("orgs", "0008_emptying_test_environments"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="alertdetection",
            index=models.Index(fields=["org", "applied_at", "severity", "alert"], name="alerts_detections_applied"),
        ),
    ]
